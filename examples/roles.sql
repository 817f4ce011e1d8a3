-- Two roles instead of one that may do everything: run by a superuser, in your database, before the first start.

-- Workers and the server. Owns the schema, because migrations and retention create and drop tables in it.
create role millrace_worker login password 'change me';
create schema millrace authorization millrace_worker;

-- The web application: enqueues and reads jobs, and can change none.
create role millrace_producer login password 'change me';

-- After the first start of a worker, as millrace_worker:
grant usage on schema millrace to millrace_producer;
grant select on all tables in schema millrace to millrace_producer;
grant insert on millrace.ready, millrace.scheduled, millrace.unique_key, millrace.count_delta to millrace_producer;
grant usage on sequence millrace.job_seq to millrace_producer;
