// fuel-rest (with its fuel-auth), both ways to ask for a token: its options `authUrl` and, for the old way, `origin`.

import FuelRest from 'fuel-rest';
import { baseUrl, credentials, equal, errors, part, rejected } from './checks.mjs';
import { batches, line, messenger, withoutMember } from './salesforce.mjs';

const base = await baseUrl('salesforce');
const given = await credentials('salesforce');
const auth = { clientId: given.client_id, clientSecret: given.client_secret };

/** With version 2 of the authentication it goes to the REST address that the token names, in lower case. */
const current = (instead = {}) =>
  new FuelRest({ auth: { ...auth, ...instead, authUrl: `${base}v2/token`, authOptions: { authVersion: 2 } } });
const old = (instead = {}) =>
  new FuelRest({ auth: { ...auth, ...instead, authUrl: `${base}v1/requestToken` }, origin: base });
const CLIENTS = { 'version 2': current, 'version 1': old };

const send = (client, body, headers = {}) => client.post({ uri: '/ott/v1/send', json: body, headers });

async function sends(name, client) {
  for (const [network, body] of Object.entries({ messenger, line })) {
    const { res, body: answer } = await send(client, body);
    equal(`${name}: send ${network}: status`, res.statusCode, 201);
    equal(`${name}: send ${network}: id`, typeof answer.ottRequestId, 'string');
  }
  const { body: listed } = await client.get({ uri: '/ott/v1/registration/messenger', json: true });
  equal(`${name}: registrations`, listed.items.length, listed.count);
}

async function refusals(name, make) {
  const client = make();
  for (const member of ['from', 'to', 'message', 'validityPeriod']) {
    const { res, body } = await send(client, withoutMember(messenger, member));
    equal(`${name}: without ${member}: status`, res.statusCode, 400);
    equal(`${name}: without ${member}: code`, body.errorcode, 10006);
    equal(`${name}: without ${member}: inner code`, body.validationErrors[0].errorcode, 10002);
  }
  const error = await rejected(`${name}: wrong secret`, send(make({ clientSecret: 'not the secret' }), messenger));
  equal(`${name}: wrong secret: message`, error?.message, 'No access token');
}

/** A send of each channel of the Transactional Messaging API, and what is told of it. */
async function transactional(name, client) {
  for (const [channel, recipients] of Object.entries(batches)) {
    const body = { definitionKey: `${channel}-order`, recipients };
    const { res, body: sent } = await client.post({ uri: `/messaging/v1/${channel}/messages/`, json: body });
    equal(`${name}: ${channel}: status`, [res.statusCode, sent.errorcode], [202, 109001]);
    equal(`${name}: ${channel}: errors`, sent.responses.map((each) => 'errorcode' in each), [false, true]);
    const { body: told } = await client.get({ uri: `/messaging/v1/${channel}/messages/order-1`, json: true });
    equal(`${name}: ${channel}: event`, told.eventCategoryType.endsWith('Queued'), true);
    const missing = await client.get({ uri: `/messaging/v1/${channel}/definitions/nothing`, json: true });
    equal(`${name}: ${channel}: no such definition`, [missing.res.statusCode, missing.body.errorcode], [404, 30003]);
  }
}

/**
 * Every documented error of a send, as it hands it on: the response and its parsed body. In version 2 it repeats
 * a request after a 401 at an address that it can only make from one with `.com/` in it.
 */
async function catalogue() {
  const client = old();
  for (const { key, status, code } of await errors('salesforce')) {
    if (key.includes('.')) continue; // Of another API than that of OTT.
    const { res, body } = await send(client, messenger, { 'X-Sim-Outcome': key });
    equal(`error ${key}: status`, res.statusCode, status);
    const codes = [body.errorcode, body.error, ...(body.validationErrors ?? []).map((each) => each.errorcode)];
    equal(`error ${key}: code ${code}`, codes.includes(code), true);
  }
}

for (const [name, make] of Object.entries(CLIENTS)) {
  await part(sends, name, make());
  await part(refusals, name, make);
  await part(transactional, name, make());
}
await part(catalogue);
