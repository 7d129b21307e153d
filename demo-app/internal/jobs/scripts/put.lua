-- ARGV: id, user, digest, time it is asked for, fields and values of the job
local id, user, request = ARGV[1], key('user:' .. ARGV[2]), key('request:' .. ARGV[3])
local known = redis.call('GET', request)
if known then return known end
redis.call('HSET', key('job:' .. id), unpack(ARGV, 5))
redis.call('SET', request, id)
redis.call('ZADD', key('open'), ARGV[4], id)
redis.call('ZADD', user, ARGV[4], id)
queue(id)
for _, old in ipairs(redis.call('ZRANGE', user, 0, 9)) do -- more than one Put adds
  if redis.call('EXISTS', key('job:' .. old)) == 0 then redis.call('ZREM', user, old) end
end
return id
