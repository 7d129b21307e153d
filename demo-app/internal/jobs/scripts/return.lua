-- ARGV: id, token, entry
local id, job = ARGV[1], key('job:' .. ARGV[1])
if not held(id, ARGV[2]) then return 0 end
redis.call('HDEL', job, 'token')
if redis.call('HGET', job, 'status') == 'PREPARING' then
  redis.call('HINCRBY', job, 'attempts', -1)
  redis.call('HSET', job, 'status', 'QUEUED')
else
  redis.call('HINCRBY', job, 'notices', -1)
end
unqueue(ARGV[3])
queue(id)
return 1
