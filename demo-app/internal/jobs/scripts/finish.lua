-- ARGV: id, token, status, time it is forgotten, manifest, fields and values of the result
local id, status, expires = ARGV[1], ARGV[3], ARGV[4]
if not held(id, ARGV[2]) or redis.call('HGET', key('job:' .. id), 'status') ~= 'PREPARING' then return 0 end
finish(id, expires, 'status', status, 'notices', 1, unpack(ARGV, 6))
if status == 'COMPLETE' then redis.call('SET', key('manifest:' .. id), ARGV[5], 'PXAT', expires) end
if status == 'DEAD' then redis.call('ZADD', key('dead'), expires, id) end
return 1
