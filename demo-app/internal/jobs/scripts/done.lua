-- ARGV: id, token, entry
if not held(ARGV[1], ARGV[2]) then return 0 end
redis.call('HDEL', key('job:' .. ARGV[1]), 'token')
unqueue(ARGV[3])
return 1
