# What job kinds are there?
curl -sS localhost:4080/api/v1/job-types

# Create a job, in an hour. The answer has its id; the lines below want it in $JOB.
curl -sS localhost:4080/api/v1/jobs -H 'content-type: application/json' -d '{"name":"email-notification","payload":{"to":"ada@example.com","template":"welcome","data":{"name":"Ada"}},"delay":"1 hour"}'

# List jobs, newest first; read one, and its attempts.
curl -sS 'localhost:4080/api/v1/jobs?state=scheduled,available&name=email-notification&limit=10'
curl -sS localhost:4080/api/v1/jobs/$JOB
curl -sS localhost:4080/api/v1/jobs/$JOB/attempts

# Cancel it, redrive it (it is available now), delete it once it has ended.
curl -sS -X POST localhost:4080/api/v1/jobs/$JOB/cancel
curl -sS -X POST localhost:4080/api/v1/jobs/$JOB/retry
curl -sS -X DELETE localhost:4080/api/v1/jobs/$JOB
