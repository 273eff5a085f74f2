// usage: node try.mjs URL, after ../walk
// Signs in, works with ten requests at once after the access token was made
// invalid, and signs out.
import { Session } from './session.mjs'

const url = process.argv[2] ?? 'http://127.0.0.1:3000'
let requests = 0
let refreshes = 0
let broken = false
// A network that can spoil the access token, as its end would.
const network = (input, init) => {
  requests++
  if (String(input).endsWith('/rpc/users_refresh')) { refreshes++; broken = false }
  const headers = new Headers(init.headers)
  const token = headers.get('Authorization')
  if (broken && token) headers.set('Authorization', token.slice(0, -8) + 'AAAAAAAA')
  return fetch(input, { ...init, headers })
}
const check = (what, holds) => {
  console.log(holds ? 'ok  ' : 'NOT ', what)
  if (!holds) process.exitCode = 1
}

const ann = new Session(url, { fetch: network })
check('a wrong password is an answer', (await ann.signIn('ann', 'wrong')).status === 'invalid_credentials')
check('the right one signs in', (await ann.signIn('ann', 'nine odd lizards nap', 'a script')).status === 'ok')

const { data: domains } = await ann.db.from('users_domains').select('name, users_roles(name)').order('name')
check(`domains come with their roles: ${JSON.stringify(domains?.map((d) => d.name))}`, domains?.[0].users_roles.length > 0)

broken = true
const answers = await Promise.all(Array.from({ length: 10 }, () => ann.db.rpc('users_profile')))
check('ten requests with a dead token all succeed', answers.every(({ error }) => !error))
check('after one refresh', refreshes === 1)

const wrong = await ann.db.rpc('users_confirm_password', { password: 'wrong' })
const before = requests
check('a wrong password of who is signed in is 403, and not repeated', wrong.status === 403 && requests === before)

await ann.signOut()
check('signed out', !ann.signedIn && (await ann.db.rpc('users_profile')).status === 401)
