-- ARGV: time they are forgotten, fields and values of the result; returns how many were taken out
local flushed = 0
local function drop(id)
  flushed = flushed + 1
  if redis.call('HGET', key('job:' .. id), 'status') == 'QUEUED' then finish(id, ARGV[1], unpack(ARGV, 2)) end
end
for _, id in ipairs(redis.call('ZRANGE', key('delayed'), 0, -1)) do drop(id) end
redis.call('DEL', key('delayed'))
if redis.call('EXISTS', stream) == 0 then return flushed end

local leased = {}
local n = redis.call('XPENDING', stream, 'workers')[1]
if n > 0 then
  for _, p in ipairs(redis.call('XPENDING', stream, 'workers', '-', '+', n)) do leased[p[1]] = true end
end
for _, entry in ipairs(redis.call('XRANGE', stream, '-', '+')) do
  if not leased[entry[1]] then
    redis.call('XDEL', stream, entry[1])
    drop(entry[2][2])
  end
end
return flushed
