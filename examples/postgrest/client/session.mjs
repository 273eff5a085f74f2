// A front end's session: signs in, carries the access token, refreshes it once
// when it is refused and repeats the request, signs out.
import { PostgrestClient } from '@supabase/postgrest-js'

// What is called without an Authorization header: PostgREST refuses an expired
// token before it calls any function.
const anonymous = new Set([
  'users_login', 'users_register', 'users_refresh', 'users_request_reset', 'users_reset_password',
  'users_request_registration', 'users_verify_email', 'users_invitation', 'users_options',
])

export class Session {
  #url
  #fetch
  #access = null
  #refresh = null   // null with users.refresh_cookie: the browser keeps it
  #refreshing = null

  constructor(url, { fetch = globalThis.fetch } = {}) {
    this.#url = url
    this.#fetch = fetch
    this.db = new PostgrestClient(url, { fetch: (input, init) => this.#send(input, init) })
  }

  get signedIn() { return this.#access !== null }

  async signIn(identifier, password, label) {
    return this.#take(await this.#call('users_login', { identifier, password, label }))
  }

  async signUp(person) {
    return this.#take(await this.#call('users_register', person))
  }

  async signOut() {
    await this.#call('users_logout', this.#refresh ? { refresh_token: this.#refresh } : {}, this.#access)
    this.#access = this.#refresh = null
  }

  // A status or a code, for the page to act on; the tokens stay here.
  #take({ status, body }) {
    if (body.status === 'ok') {
      this.#access = body.access_token
      this.#refresh = body.refresh_token
    }
    return { http: status, status: body.status ?? body.code, details: body.details, retryAfter: body.retry_after }
  }

  async #call(name, args, token = null) {
    const answer = await this.#fetch(`${this.#url}/rpc/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Requested-With': 'fetch', ...(token && { Authorization: `Bearer ${token}` }) },
      credentials: 'same-origin',
      body: JSON.stringify(args),
    })
    return { status: answer.status, body: await answer.json() }
  }

  async #send(input, init) {
    const name = new URL(input).pathname.split('/rpc/')[1]
    const attempt = () => {
      const headers = new Headers(init.headers)
      headers.set('X-Requested-With', 'fetch')
      if (this.#access && !anonymous.has(name)) headers.set('Authorization', `Bearer ${this.#access}`)
      return this.#fetch(input, { ...init, headers, credentials: 'same-origin' })
    }
    const used = this.#access
    const answer = await attempt()
    // 401 is about the token: a wrong password of who is signed in is 403.
    if (answer.status !== 401 || !used || anonymous.has(name)) return answer
    if (this.#access === used && !(await this.#renew())) return answer
    return attempt()
  }

  // Many requests may be refused at once; one refresh serves them all.
  #renew() {
    this.#refreshing ??= this.#call('users_refresh', this.#refresh ? { refresh_token: this.#refresh } : {})
      .then((answer) => {
        const { status } = this.#take(answer)
        if (status === 'invalid_token' || status === 'disabled') this.#access = this.#refresh = null
        return status === 'ok'
      })
      .finally(() => { this.#refreshing = null })
    return this.#refreshing
  }
}
