'use strict';

// Tokens of the core against Node's crypto module, both ways. JWT_TOOL names the
// program built from test/unit/jwt_tool.c. Prints TAP.

const crypto = require('node:crypto');
const { spawnSync } = require('node:child_process');

const tool = process.env.JWT_TOOL;
const KID = 'key "1" \\ ä';
// DER of a PKCS #8 Ed25519 key up to where the seed follows (RFC 8410).
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

const claims = {
  iss: 'https://login.example.org/?a="b"\\',
  aud: 'app ü 😀',
  role: 'authenticated',
  sub: '017f22e2-79b0-7cc3-98c4-dc0c0c07398f',
  sid: '017f22e2-79b0-7cc3-98c4-dc0c0c073990',
  iat: 1700000000,
  exp: 9007199254740991,
  auth_time: 0,
};
const ORDER = ['iss', 'aud', 'role', 'sub', 'sid', 'iat', 'exp', 'auth_time'];

let count = 0;
let failures = 0;

function ok(good, name) {
  count += 1;
  if (!good) failures += 1;
  console.log(`${good ? 'ok' : 'not ok'} ${count} - ${name}`);
}

// What the tool prints, or null when it refuses. Any other end is a failure of
// the test itself.
function run(...parameters) {
  const result = spawnSync(tool, parameters, { encoding: 'utf8' });
  if (result.status === 0) return result.stdout;
  if (result.status === 1) return null;
  throw new Error(`${parameters[0]} ended with ${result.status}: ` +
    `${result.error ?? ''}${result.stderr}`);
}

function b64(value) {
  return Buffer.from(value).toString('base64url');
}

function nodeSign(alg, secret, input) {
  if (alg === 'HS256') {
    return crypto.createHmac('sha256', secret).update(input).digest();
  }
  const key = crypto.createPrivateKey({
    key: Buffer.concat([PKCS8, secret]), format: 'der', type: 'pkcs8',
  });
  return crypto.sign(null, Buffer.from(input), key);
}

function nodeMint(alg, secret, header, payload) {
  const input = `${b64(JSON.stringify(header))}.${b64(JSON.stringify(payload))}`;
  return `${input}.${b64(nodeSign(alg, secret, input))}`;
}

function nodeVerify(alg, secret, publicKey, token) {
  const parts = token.split('.');
  if (parts.length !== 3) return false;
  const input = `${parts[0]}.${parts[1]}`;
  const signature = Buffer.from(parts[2], 'base64url');
  if (alg === 'HS256') {
    const wanted = nodeSign(alg, secret, input);
    return wanted.length === signature.length &&
      crypto.timingSafeEqual(wanted, signature);
  }
  return crypto.verify(null, Buffer.from(input), publicKey, signature);
}

function ourVerify(alg, secret, token) {
  return run('verify', alg, secret.toString('hex'), KID, token);
}

// The token with a bit in the middle of one part changed.
function tampered(token, part) {
  const parts = token.split('.');
  const bytes = Buffer.from(parts[part], 'base64url');
  bytes[bytes.length >> 1] ^= 1;
  parts[part] = bytes.toString('base64url');
  return parts.join('.');
}

function fromUs(alg, secret, publicKey) {
  const token = run('sign', alg, secret.toString('hex'), KID,
    ...ORDER.map((name) => String(claims[name]))).trim();
  const [header, payload] = token.split('.').slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8')));

  ok(nodeVerify(alg, secret, publicKey, token), `${alg}: ours verifies in Node`);
  ok(JSON.stringify(header) ===
    JSON.stringify({ alg, typ: 'at+jwt', kid: KID }), `${alg}: our header`);
  ok(ORDER.every((name) => payload[name] === claims[name]) &&
    Object.keys(payload).length === ORDER.length, `${alg}: our claims`);
  ok(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(token),
    `${alg}: our characters`);
  ok(nodeMint(alg, secret, header, payload) === token,
    `${alg}: Node makes the same token of them`);
  for (let part = 0; part < 3; part += 1) {
    const changed = tampered(token, part);
    ok(!nodeVerify(alg, secret, publicKey, changed),
      `${alg}: ours, part ${part} tampered, fails in Node`);
    ok(ourVerify(alg, secret, changed) === null,
      `${alg}: ours, part ${part} tampered, fails here`);
  }
}

function fromNode(alg, secret) {
  const header = { kid: KID, alg, typ: 'at+jwt' };
  const token = nodeMint(alg, secret, header, { ...claims, extra: [{}, null] });
  const other = Buffer.from(secret);

  ok(ourVerify(alg, secret, token) ===
    ORDER.map((name) => `${claims[name]}\n`).join(''),
  `${alg}: Node's verifies here, with its claims`);
  for (let part = 0; part < 3; part += 1) {
    ok(ourVerify(alg, secret, tampered(token, part)) === null,
      `${alg}: Node's, part ${part} tampered, fails here`);
  }
  other[31] ^= 1;
  ok(ourVerify(alg, other, token) === null, `${alg}: fails with another key`);
  ok(ourVerify(alg === 'EdDSA' ? 'HS256' : 'EdDSA', secret, token) === null,
    `${alg}: fails with the other algorithm`);
  ok(ourVerify(alg, secret, nodeMint(alg, secret, { ...header, typ: 'JWT' },
    claims)) === null, `${alg}: fails with another typ`);
  ok(ourVerify(alg, secret, nodeMint(alg, secret, { ...header, alg: 'none' },
    claims)) === null, `${alg}: fails with alg none`);
  ok(ourVerify(alg, secret, nodeMint(alg, secret, header,
    { ...claims, exp: String(claims.exp) })) === null,
  `${alg}: fails with exp as a string`);
  ok(ourVerify(alg, secret, nodeMint(alg, secret, header,
    { ...claims, exp: 1700000000.5 })) === null,
  `${alg}: fails with a fraction as exp`);
}

// Many keys and lengths: what one of them gets wrong only sometimes.
function sweep(alg) {
  let good = true;
  for (let i = 0; i < 40; i += 1) {
    const secret = crypto.createHash('sha256').update(`${alg} ${i}`).digest();
    const payload = { ...claims, iss: 'i'.repeat(i * 6) };
    const token = nodeMint(alg, secret, { alg, typ: 'at+jwt', kid: KID },
      payload);
    const jwk = alg === 'EdDSA'
      ? JSON.parse(run('jwk', secret.toString('hex'), KID)) : null;
    const publicKey = jwk && crypto.createPublicKey({ key: jwk, format: 'jwk' });

    good = good && ourVerify(alg, secret, token) !== null &&
      nodeVerify(alg, secret, publicKey, token);
  }
  ok(good, `${alg}: 40 keys and lengths`);
}

function main() {
  const secret = crypto.createHash('sha256').update('a secret').digest();
  const jwk = JSON.parse(run('jwk', secret.toString('hex'), KID));
  const publicKey = crypto.createPublicKey({ key: jwk, format: 'jwk' });

  ok(jwk.kty === 'OKP' && jwk.crv === 'Ed25519' && jwk.use === 'sig' &&
    jwk.alg === 'EdDSA' && jwk.kid === KID && Object.keys(jwk).length === 6,
  'the members of the JWK');
  ok(publicKey.asymmetricKeyType === 'ed25519', 'Node imports the JWK');
  for (const alg of ['EdDSA', 'HS256']) {
    fromUs(alg, secret, publicKey);
    fromNode(alg, secret);
    sweep(alg);
  }
  // The public key as a shared secret, against the key it belongs to.
  const shared = Buffer.from(jwk.x, 'base64url');
  ok(ourVerify('EdDSA', secret, nodeMint('HS256', shared,
    { alg: 'HS256', typ: 'at+jwt', kid: KID }, claims)) === null,
  'the public key is no shared secret');
  console.log(`1..${count}`);
  process.exitCode = failures === 0 ? 0 : 1;
}

main();
