-- returns how many are ready, leased, delayed and dead, and the age of the oldest open one
local at = now()
redis.call('ZREMRANGEBYSCORE', key('dead'), '-inf', at)
local entries, leased = 0, 0
if redis.call('EXISTS', stream) == 1 then
  entries, leased = redis.call('XLEN', stream), redis.call('XPENDING', stream, 'workers')[1]
end
local due = redis.call('ZCOUNT', key('delayed'), '-inf', at)
local oldest = redis.call('ZRANGE', key('open'), 0, 0, 'WITHSCORES')[2]
return {
  entries - leased + due, leased, redis.call('ZCARD', key('delayed')) - due, redis.call('ZCARD', key('dead')),
  oldest and math.max(0, at - oldest) or 0,
}
