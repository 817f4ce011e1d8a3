-- How long has the oldest job of each queue been waiting? Alarm when it is longer than your users would wait.
select queue, count(*) as available, now() - min(run_at) as oldest from millrace.ready group by queue;

-- Which jobs gave up today? They wait for a person: retry (redrive) or delete them.
select name, error ->> 'tag' as error, count(*) from millrace.dead where finished_at > now() - interval '1 day'
group by 1, 2 order by 3 desc;

-- Are the workers there? A lease in the past is a worker that is gone; its jobs run elsewhere within seconds.
select info ->> 'host' as host, info ->> 'pid' as pid, info ->> 'names' as names, expires_at - now() as lease_left
from millrace.worker order by expires_at;

-- Does somebody hold an old snapshot? It keeps every queue table from being vacuumed, and slows claims down.
select pid, application_name, state, now() - xact_start as open_for, age(backend_xmin) as xmin_age
from pg_stat_activity where backend_xmin is not null order by age(backend_xmin) desc limit 5;

-- How many dead rows wait for vacuum?
select relname, n_live_tup as live, n_dead_tup as dead, last_autovacuum from pg_stat_user_tables
where schemaname = 'millrace' order by n_dead_tup desc limit 5;
