// movile-messaging. Its host is fixed in its constructor; its `instance`, an axios instance, has it as a default.

import Movile from 'movile-messaging';
import { advance, baseUrl, control, credentials, equal, errors, part, rejected, statuses } from './checks.mjs';

const TO = '5519900001111';
const base = await baseUrl('sinch');
const given = await credentials('sinch');

function client(instead = {}, headers = {}) {
  const { UserName, AuthenticationToken } = { ...given, ...instead };
  const sms = new Movile(UserName, AuthenticationToken);
  if (!process.env.MSGSIM_BY_NAME) sms.instance.defaults.baseURL = `${base}/v1`;
  Object.assign(sms.instance.defaults.headers, headers);
  return sms;
}

async function refused(what, status, text, promise) {
  const error = await rejected(what, promise);
  equal(`${what}: status`, error?.response?.status, status);
  equal(`${what}: errorCode`, error?.response?.data?.errorCode, status);
  if (text) equal(`${what}: errorMessage`, error?.response?.data?.errorMessage, text);
}

async function sends() {
  const sms = client();
  const { data } = await sms.send(TO, 'linha\nquebrada');
  equal('send: an array of one', data.length, 1);
  // The object is what this client's own documents show; one status query a second would be too few for what follows.
  await control('PUT', 'settings', { sinch: { response_shape: 'object', status_rate_limit: 0 } });
  const { data: sent } = await sms.send(TO, 'Hello');
  equal('send: the object of its README', typeof sent.id, 'string');
  await advance('10s');
  const { data: answer } = await sms.getStatus(sent.id);
  const status = Array.isArray(answer) ? answer[0] : answer;
  equal('status: id', status.id, sent.id);
  equal('status: destination', status.destination, TO);
  equal('status: carrier', status.carrierName, 'TIM');
  equal('status: sent', [status.sentStatusCode, status.sentStatus], [2, 'SENT_SUCCESS']);
  equal('status: delivered', [status.deliveredStatusCode, status.deliveredStatus], [4, 'DELIVERED_SUCCESS']);
}

async function sendsBulk() {
  const { data } = await client().sendBulk([TO, { destination: '5511900000000', messageText: 'Other' }], 'Default');
  equal('bulk: id', typeof data.id, 'string');
  equal('bulk: items', data.messages.length, 2);
  const { messages } = await control('GET', 'messages?provider=sinch&limit=2');
  equal('bulk: texts', messages.map((each) => each.text ?? each.channels[0].text).sort(), ['Default', 'Other']);
}

async function receives() {
  const sms = client();
  const empty = (await sms.listReceived()).data;
  equal('received: none', [empty.total, empty.messages], [0, []]);
  await control('POST', 'inbound', { provider: 'sinch', from: TO, to: '27182', text: 'Eu quero pizza' });
  await advance('10s');
  const { data: listed } = await sms.listReceived();
  equal('received: one', listed.messages.map((each) => each.messageText), ['Eu quero pizza']);
  await advance('10s');
  const { data: found } = await sms.searchReceived('2025-12-31T00:00:00Z', '2026-01-02T00:00:00Z');
  equal('received: found', found.messages.map((each) => each.source), [TO]);
}

async function refusals() {
  const sms = client();
  await refused('no destination', 400, undefined, sms.send(null, 'Hello'));
  await refused('no text', 400, undefined, sms.send(TO, undefined));
  await refused('text too long', 400, undefined, sms.send(TO, 'x'.repeat(1281)));
  await refused('too many messages', 400, undefined, sms.sendBulk(Array(1001).fill(TO), 'Hello'));
  await refused('no messages', 400, undefined, sms.sendBulk([], 'Hello'));
  const text = (await errors('sinch')).find((each) => each.key === 'unauthorized').text;
  await refused('wrong token', 401, text, client({ AuthenticationToken: 'not the token' }).send(TO, 'Hello'));
}

/** Every documented error and every documented status, as axios shows it. */
async function catalogue() {
  for (const { key, status } of await errors('sinch')) {
    if (key.includes('.')) continue; // Of another API than that of SMS.
    await refused(`error ${key}`, status, undefined, client({}, { 'X-Sim-Outcome': key }).send(TO, 'Hello'));
  }
  for (const { word, code, channels } of await statuses('sinch')) {
    if (channels?.length && !channels.includes('sms')) continue;
    const { data } = await client({}, { 'X-Sim-Outcome': word }).send(TO, 'Hello');
    await advance('2h');
    const answer = (await client().getStatus(data.id)).data;
    const status = Array.isArray(answer) ? answer[0] : answer;
    const found = [status.sentStatus, status.deliveredStatus].includes(word);
    equal(`status ${word}`, found || [status.sentStatus, status.deliveredStatus], true);
    const codes = [status.sentStatusCode, status.deliveredStatusCode];
    equal(`status ${word}: code ${code}`, codes.includes(code) || codes, true);
  }
}

await part(sends);
await part(sendsBulk);
await part(receives);
await part(refusals);
await part(catalogue);
