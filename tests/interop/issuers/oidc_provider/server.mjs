// Issues tokens on a free port of loopback, which it prints; after a line on standard input, a new key signs.
// The argument is the redirect URI of the client `doorward`.

import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

const SECRET = 'secret-of-the-job';
const KINDS = { RS256: ['rsa', { modulusLength: 2048 }], ES256: ['ec', { namedCurve: 'P-256' }] };
let keys = [];

function addKeys() {
  const added = Object.entries(KINDS).map(([alg, [kind, options]]) => ({
    ...generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig',
  }));
  keys = [...added, ...keys];
}

const clients = [
  { client_id: 'job', client_secret: SECRET, redirect_uris: [], response_types: [], grant_types: ['client_credentials'] },
  {
    client_id: 'page', client_secret: SECRET, redirect_uris: ['http://127.0.0.1/callback'],
    response_types: ['code'], grant_types: ['authorization_code'],
  },
  {
    client_id: 'doorward', client_secret: SECRET, redirect_uris: [process.argv[2]],
    response_types: ['code'], grant_types: ['authorization_code'],
  },
];

function provider(issuer) {
  return new Provider(issuer, {
    clients,
    jwks: { keys },
    cookies: { keys: ['of-this-run'] },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_, __, oneOf) => oneOf ?? 'https://es256.example',
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'catalogue.read catalogue.write',
          audience: resource,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: resource.includes('rs256') ? 'RS256' : 'ES256' } },
        }),
      },
    },
    pkce: { required: () => false },
  });
}

let handle;
const server = createServer((request, response) => handle(request, response));
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const begin = () => {
    addKeys();
    handle = provider(issuer).callback();
    console.log(`ready ${issuer}`);
  };
  begin();
  createInterface({ input: process.stdin }).on('line', begin).on('close', () => process.exit());
});
