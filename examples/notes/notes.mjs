// Notes over a pool of connections, with node-postgres.
// usage: node notes.mjs CONNECTION_STRING, of the login notes_pool after setup.sql
import { createRequire } from 'node:module'

// By require, which finds Debian's package as well as npm's.
const { Pool } = createRequire(import.meta.url)('pg')
const pool = new Pool({ connectionString: process.argv[2], max: 4 })

class SignedOut extends Error {}

// One transaction on one connection; it commits unless work throws.
async function transaction(begin, work) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await begin(client)
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

// Of somebody who is not signed in. It commits: a failed attempt stays
// recorded, and a new refresh token counts.
const anonymous = (text, values, clientAddress = '192.0.2.1') => transaction(
  async (db) => {
    await db.query('SET LOCAL ROLE users_anon')
    await db.query("SELECT set_config('users.client_address', $1, true)", [clientAddress])
  },
  async (db) => (await db.query(text, values)).rows[0])

const signedIn = (session, work) => transaction(
  async (db) => {
    try {
      await db.query('SELECT users_authenticate($1)', [session.access_token])
    } catch (error) {
      throw error.code === '28000' ? new SignedOut() : error
    }
  }, work)

const signUp = (email, username, password, first, last) =>
  anonymous('SELECT * FROM users_register($1, $2, $3, $4, $5)', [email, username, password, first, last])
const signIn = (identifier, password) => anonymous("SELECT * FROM users_login($1, $2, label => 'notes')", [identifier, password])
const refresh = (session) => anonymous('SELECT * FROM users_refresh($1)', [session.refresh_token])
const notes = (session) => signedIn(session, async (db) =>
  `[${(await db.query('SELECT body FROM note ORDER BY id')).rows.map((row) => `'${row.body}'`).join(', ')}]`)

let ann = await signUp('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash')
const ben = await signUp('ben@example.org', 'ben', 'four shy otters dance', 'Ben', 'Birch')
console.log('sign up:', ann.status, ben.status)
await signUp('ANN@example.org', 'other', 'nine odd lizards nap', 'A', 'B')
  .catch((error) => console.log('an address twice:', error.code, error.constraint))
await signUp('cid@example.org', 'cid', 'password1', 'C', 'C')
  .catch((error) => console.log('a weak password:', error.code, error.column))
console.log('a wrong password:', (await signIn('ann', 'wrong')).status)
ann = await signIn('ann@example.org', 'seven wet horses sing')
console.log('sign in:', ann.status)
await signedIn(ann, (db) => db.query("INSERT INTO note (body) VALUES ('of Ann')"))
await signedIn(ben, (db) => db.query("INSERT INTO note (body) VALUES ('of Ben')"))
console.log("Ann's notes:", await notes(ann))
console.log("Ben's notes:", await notes(ben))
ann = await refresh(ann)
console.log('refresh:', ann.status, await notes(ann))
console.log('sign out everywhere:',
  await signedIn(ann, async (db) => (await db.query('SELECT users_logout_all() AS sessions')).rows[0].sessions))
await notes(ann).catch(async (error) => {
  if (!(error instanceof SignedOut)) throw error
  console.log('and the token is void:', (await refresh(ann)).status)
})
await pool.end()
