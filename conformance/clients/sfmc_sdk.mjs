// sfmc-sdk. It wants an `auth_url` that has a tenant's name in it: the fragment, which no client sends, has it.

import SDK from 'sfmc-sdk';
import { advance, baseUrl, control, credentials, equal, errors, part, rejected } from './checks.mjs';
import { batches, definitions, line, messenger, registration, withoutMember } from './salesforce.mjs';

const TENANT = 'https://mc0123456789abcdefghijklmnop.auth.marketingcloudapis.com/';
const byName = 'MSGSIM_BY_NAME' in process.env;
const base = byName ? TENANT.replace('.auth.', '.rest.') : await baseUrl('salesforce');
const given = await credentials('salesforce');

function client(instead = {}, requestAttempts = 2) {
  const { client_id, client_secret } = given;
  const auth_url = byName ? TENANT : `${base}v2/token#${TENANT}`;
  return new SDK({ client_id, client_secret, account_id: 1234567, auth_url, ...instead }, { requestAttempts });
}

async function refused(what, { status, code, text }, promise) {
  const error = await rejected(what, promise);
  equal(`${what}: status`, error?.response?.status, status);
  if (code) equal(`${what}: code`, error?.code, code);
  if (text) equal(`${what}: message`, error?.message, text);
}

async function tokens() {
  const { auth } = client();
  const token = await auth.getAccessToken();
  equal('token: type', token.token_type, 'Bearer');
  equal('token: REST base', token.rest_instance_url, base);
  equal('token: scope', token.scope.split(' ').includes('ott_chat_messaging_send'), true);
  const scope = ['offline', 'email_send', 'ott_chat_messaging_send'];
  const { scope: granted } = await client({ scope, account_id: '1234567' }).auth.getAccessToken();
  equal('token: scopes of other APIs', granted.split(' ').sort(), scope.sort());
  const wrong = client({ client_secret: 'not the secret' });
  const text = 'Client authentication failed. Make sure that the client ID and client secret are valid';
  const error = await rejected('wrong secret', wrong.auth.getAccessToken());
  equal('wrong secret: code', error?.code, 'invalid_client');
  equal('wrong secret: message', error?.message.startsWith(text), true);
}

async function sends() {
  const { rest } = client();
  for (const [network, body] of Object.entries({ messenger, line })) {
    const { ottRequestId } = await rest.post('/ott/v1/send', body);
    equal(`send ${network}: id`, typeof ottRequestId, 'string');
  }
  equal('send: both accepted', (await control('GET', 'messages?provider=salesforce')).total, 2);
}

/** What became of a send, by either of its ids. */
async function queries() {
  const { rest } = client();
  const { ottRequestId } = await rest.post('/ott/v1/send', messenger);
  await advance('1m');
  for (const id of [ottRequestId, messenger.messageKey]) {
    const { requestBody, status } = await rest.get(`/ott/v1/send/${id}`);
    equal('query: ids', [requestBody.messageKey, requestBody.ottRequestId], [messenger.messageKey, ottRequestId]);
    equal('query: events', status.map((each) => each.event), ['Created', 'Queued', 'Sent']);
  }
  await refused('query: unknown', { status: 404 }, rest.get('/ott/v1/send/nothing'));
}

/** A token that is over is renewed by the SDK, and the request repeated. */
async function renews() {
  const sdk = client();
  const { access_token: old } = await sdk.auth.getAccessToken();
  await advance('1h');
  const { ottRequestId } = await sdk.rest.post('/ott/v1/send', messenger);
  equal('expired token: sent after a new one', typeof ottRequestId, 'string');
  equal('expired token: another token', sdk.auth.authObject.access_token !== old, true);
}

async function registers() {
  const { rest } = client();
  await rest.post('/ott/v1/registration', registration);
  const { ottPlatformAttributes: attributes } = registration;
  const listed = await rest.getBulk('/ott/v1/registration/messenger', 1);
  equal('registrations: all pages', listed.items.length, listed.count);
  const one = await rest.get(`/ott/v1/registration/messenger/${attributes.pageId}`);
  equal('registration: page', one.ottPlatformAttributes.pageName, attributes.pageName);
  await refused('no such property', { status: 404 }, rest.get('/ott/v1/registration/messenger/0000'));
}

async function refusals() {
  const { rest } = client();
  const send = (body) => rest.post('/ott/v1/send', body);
  const first = 'Please fix the following errors';
  for (const member of ['from', 'to', 'message', 'validityPeriod']) {
    const wanted = { status: 400, code: 10006, text: first };
    await refused(`without ${member}`, wanted, send(withoutMember(messenger, member)));
  }
  await refused('unknown path', { status: 404 }, rest.get('/ott/v1/nothing'));
}

const PREFIXES = { sms: 'SMS', email: 'Email', push: 'Push' };

/** A channel of the Transactional Messaging API from its definition to what became of its messages. */
async function transactional(channel) {
  const { rest } = client();
  const root = `/messaging/v1/${channel}`;
  const definitionKey = `my-${channel}`;
  const definition = { definitionKey, name: 'Mine', ...definitions[channel] };
  const made = await rest.post(`${root}/definitions`, definition);
  equal(`${channel}: definition made`, [made.definitionKey, made.status], [definitionKey, 'Active']);
  await refused(`${channel}: made twice`, { status: 409, code: 30004 }, rest.post(`${root}/definitions`, definition));
  const { definitions: listed, count } = await rest.get(`${root}/definitions?$filter=status eq active`);
  equal(`${channel}: definitions`, listed.map((each) => each.definitionKey).includes(definitionKey), count === 2);
  const sent = await rest.post(`${root}/messages/`, { definitionKey, recipients: batches[channel] });
  equal(`${channel}: errors of a batch`, sent.responses.map((each) => 'errorcode' in each), [false, true]);
  equal(`${channel}: one failed`, sent.errorcode, 109001);
  const [{ messageKey: left, ...recipient }] = batches[channel];
  const one = await rest.post(`${root}/messages/order-3`, { definitionKey, recipient });
  equal(`${channel}: sent to one`, one.responses, [{ messageKey: 'order-3' }]);
  await advance('1m');
  for (const key of ['order-1', 'order-3']) {
    const { eventCategoryType } = await rest.get(`${root}/messages/${key}`);
    equal(`${channel}: ${key}`, eventCategoryType, `TransactionalSendEvents.${PREFIXES[channel]}Sent`);
  }
  await refused(`${channel}: of no key`, { status: 404, code: 30003 }, rest.get(`${root}/messages/order-2`));
  const { messages } = await rest.get(`${root}/messages/?type=notSent`);
  equal(`${channel}: all were sent`, messages, []);
  const paused = await rest.patch(`${root}/definitions/${definitionKey}`, { status: 'inactive' });
  equal(`${channel}: paused`, paused.status, 'Inactive');
  await rest.post(`${root}/messages/order-4`, { definitionKey, recipient });
  equal(`${channel}: queue`, (await rest.get(`${root}/definitions/${definitionKey}/queue`)).count, 1);
  await rest.delete(`${root}/definitions/${definitionKey}/queue`);
  const { messages: thrown } = await rest.get(`${root}/messages/?type=notSent`);
  equal(`${channel}: thrown out of the queue`, thrown.map((each) => each.info.messageKey), ['order-4']);
  const { deletedDefinitionKey } = await rest.delete(`${root}/definitions/${definitionKey}`);
  equal(`${channel}: definition deleted`, typeof deletedDefinitionKey, 'string');
  const send = rest.post(`${root}/messages/`, { definitionKey, recipients: batches[channel] });
  await refused(`${channel}: without a definition`, { status: 400, code: 109111 }, send);
}

/** Every documented error of a transactional send, as the SDK shows it. */
async function transactionalCatalogue() {
  for (const { key, status, code } of await errors('salesforce')) {
    if (!key.startsWith('transactional.')) continue;
    const { rest } = client({}, 1);
    const body = { definitionKey: 'sms-order', recipients: batches.sms };
    await refused(`error ${key}`, { status }, rest.post('/messaging/v1/sms/messages', body, { 'X-Sim-Outcome': key }));
  }
}

/** Every documented error of a send, as the SDK shows it. With one attempt, as it renews its token after any 401. */
async function catalogue() {
  for (const { key, status } of await errors('salesforce')) {
    if (key.includes('.')) continue; // Of another API than that of OTT.
    const { rest } = client({}, 1);
    await refused(`error ${key}`, { status }, rest.post('/ott/v1/send', messenger, { 'X-Sim-Outcome': key }));
  }
}

await part(tokens);
await part(sends);
await part(queries);
await part(renews);
await part(registers);
await part(refusals);
await part(catalogue);
for (const channel of Object.keys(PREFIXES)) await part(transactional, channel);
await part(transactionalCatalogue);
