-- ARGV: lease, token
local delayed = key('delayed')
for _, id in ipairs(redis.call('ZRANGE', delayed, '-inf', now(), 'BYSCORE', 'LIMIT', 0, 16)) do
  redis.call('ZREM', delayed, id)
  queue(id)
end
if redis.call('EXISTS', stream) == 0 then return false end

local entry
local cursor = '0-0'
repeat -- what a worker abandoned comes first
  local found = redis.call('XAUTOCLAIM', stream, 'workers', 'worker', ARGV[1], cursor, 'COUNT', 1)
  cursor, entry = found[1], found[2][1]
until entry or cursor == '0-0'
if not entry then
  local read = redis.call('XREADGROUP', 'GROUP', 'workers', 'worker', 'COUNT', 1, 'STREAMS', stream, '>')
  entry = read and read[1][2][1]
end
if not entry then return false end

local job = key('job:' .. entry[2][2])
local status = redis.call('HGET', job, 'status')
if not status then -- forgotten meanwhile
  unqueue(entry[1])
  return false
end
if status == 'QUEUED' or status == 'PREPARING' then
  redis.call('HINCRBY', job, 'attempts', 1)
  redis.call('HSET', job, 'status', 'PREPARING')
else
  redis.call('HINCRBY', job, 'notices', 1)
end
redis.call('HSET', job, 'token', ARGV[2])
return { entry[1], redis.call('HGETALL', job) }
