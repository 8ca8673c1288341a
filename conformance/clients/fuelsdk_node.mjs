// sfmc-fuelsdk-node, with its options `authOrigin` and `origin`. SOAP, most of this SDK, is no part of OTT.

import Client from 'sfmc-fuelsdk-node';
import { baseUrl, control, credentials, equal, errors, part, rejected } from './checks.mjs';
import { line, messenger, withoutMember } from './salesforce.mjs';

const base = (await baseUrl('salesforce')).replace(/\/$/, '');
const given = await credentials('salesforce');

function client(authOptions, secret = given.client_secret) {
  // Version 2 asks where to send to: it only wants an origin that ends with .com, as its own default does.
  const origins = authOptions.authVersion === 2 ? { authOrigin: base } : { authOrigin: base, origin: base };
  return new Client(given.client_id, secret, null, { ...origins, authOptions }).RestClient;
}

const VERSIONS = { 'version 2': { authVersion: 2 }, 'version 1': {} };
const send = (rest, body, headers = {}) => rest.post({ uri: '/ott/v1/send', json: body, headers });

async function sends(name, rest) {
  for (const [network, body] of Object.entries({ messenger, line })) {
    const { res, body: answer } = await send(rest, body);
    equal(`${name}: send ${network}: status`, res.statusCode, 201);
    equal(`${name}: send ${network}: id`, typeof answer.ottRequestId, 'string');
  }
  const { body: listed } = await rest.get('/ott/v1/registration/line');
  equal(`${name}: registrations`, listed.items.length, listed.count);
}

async function refusals(name, options) {
  const rest = client(options);
  const { res, body } = await send(rest, withoutMember(messenger, 'message'));
  equal(`${name}: without message: status`, res.statusCode, 400);
  equal(`${name}: without message: text`, body.validationErrors[0].message, 'Message object must be provided');
  const error = await rejected(`${name}: wrong secret`, send(client(options, 'not the secret'), messenger));
  equal(`${name}: wrong secret: message`, error?.message, 'No access token');
}

/** Every documented error of a send, as it hands it on; why not in version 2 is said in `fuel_rest.mjs`. */
async function catalogue() {
  const rest = client({});
  for (const { key, status } of await errors('salesforce')) {
    if (key.includes('.')) continue; // Of another API than that of OTT.
    const { res } = await send(rest, messenger, { 'X-Sim-Outcome': key });
    equal(`error ${key}: status`, res.statusCode, status);
  }
}

for (const [name, options] of Object.entries(VERSIONS)) {
  await part(sends, name, client(options));
  await part(refusals, name, options);
}
equal('all sends were accepted', (await control('GET', 'messages?provider=salesforce')).total, 4);
await part(catalogue);
