// A real OpenID provider for the tests, on a free loopback port that it prints. Anybody may sign in; the name says which groups they are in.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const groups = { ayesha: ['staff', 'bhu-doctors'], bilal: ['staff'], 'd-1': ['bhu-doctors'], 'Sara Khan': ['bhu-doctors'] };
const server = createServer();
server.listen(0, 'localhost', () => {
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'nabz', client_secret: process.argv[3], redirect_uris: [process.argv[2]], grant_types: ['authorization_code'], response_types: ['code'] }],
    scopes: ['openid', 'profile', 'groups'],
    claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ['synthetic'] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_, id) => ({ accountId: id, claims: async () => ({ sub: id, preferred_username: id, groups: groups[id] ?? [] }) }),
  });
  server.on('request', provider.callback());
  console.log(`listening ${issuer}`);
});
process.stdin.on('end', () => process.exit(0)).resume(); // the test that started it is gone
