// A certified OpenID Connect provider for the tests: it lets anybody in under the
// name they give, demands PKCE, and prints its port once it listens.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

// Settings come by standard input: { client_id, client_secret, redirect_uris, post_logout_redirect_uris }.
const client = JSON.parse(readFileSync(0, 'utf8'));

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ ...client, grant_types: ['authorization_code'], response_types: ['code'], scope: 'openid email profile groups' }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    scopes: ['openid', 'email', 'profile', 'groups'],
    pkce: { required: () => true },
    cookies: { keys: ['one key for the tests'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: `Somebody called ${id}`, groups: ['analysts', 'everyone'] }),
    }),
  });
  server.on('request', provider.callback());
  console.log(JSON.stringify({ issuer }));
});

// Nobody is left behind when the test ends without saying so.
const parent = process.ppid;
setInterval(() => process.ppid === parent || process.exit(), 1000).unref();
process.on('SIGTERM', () => process.exit());
