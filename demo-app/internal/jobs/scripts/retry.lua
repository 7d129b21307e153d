-- ARGV: id, token, entry, delay, message
local id, job = ARGV[1], key('job:' .. ARGV[1])
if not held(id, ARGV[2]) then return 0 end
redis.call('HDEL', job, 'token')
if redis.call('HGET', job, 'status') == 'PREPARING' then
  redis.call('HSET', job, 'status', 'QUEUED', 'message', ARGV[5])
end
unqueue(ARGV[3])
redis.call('ZADD', key('delayed'), now() + ARGV[4], id)
return 1
