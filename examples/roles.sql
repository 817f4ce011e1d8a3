-- Four roles instead of one that may do everything: run by a superuser, in your database, before the first start.

-- Owns the tables: migrates, and runs the maintenance, which creates and drops partitions.
create role millrace_owner login password 'change me';
create schema millrace authorization millrace_owner;

-- Workers without maintenance: claim, run and settle jobs. No keys, no audit, no changes of tables.
create role millrace_worker login password 'change me';

-- The web application, and triggers: enqueue and read jobs, and can change none.
create role millrace_producer login password 'change me';

-- Dashboards and reports.
create role millrace_reader login password 'change me';

-- After the first start with the rights of millrace_owner, and after each one that migrated, as millrace_owner:
revoke execute on all functions in schema millrace from public;
grant usage on schema millrace to millrace_worker, millrace_producer, millrace_reader;

grant select, insert, update, delete on all tables in schema millrace to millrace_worker;
revoke all on millrace.api_key, millrace.audit, millrace.idempotency from millrace_worker;
revoke insert, update, delete on millrace.migration from millrace_worker;
grant usage on sequence millrace.job_seq to millrace_worker;
grant execute on all functions in schema millrace to millrace_worker;

grant execute on function millrace.enqueue to millrace_producer;
grant select on all tables in schema millrace to millrace_producer, millrace_reader;
revoke all on millrace.api_key, millrace.audit, millrace.idempotency from millrace_producer, millrace_reader;
grant insert on millrace.ready, millrace.scheduled, millrace.pending, millrace.dependency, millrace.count_delta to millrace_producer;
grant insert, update, delete on millrace.unique_key to millrace_producer;
grant usage on sequence millrace.job_seq to millrace_producer;
