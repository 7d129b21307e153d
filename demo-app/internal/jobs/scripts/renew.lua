-- ARGV: id, token, entry
if not held(ARGV[1], ARGV[2]) then return 0 end
redis.call('XCLAIM', stream, 'workers', 'worker', 0, ARGV[3], 'JUSTID') -- it has been idle for no time now
return 1
