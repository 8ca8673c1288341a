// Messente's SDK for Node.js, with its option `basePath`.

import { promisify } from 'node:util';
import MessenteApi from 'messente_api';
import { advance, baseUrl, control, credentials, equal, errors, part, rejected, statuses } from './checks.mjs';

const TO = '+37255000001';
const UNKNOWN = '75cbf2b6-74e8-4c75-8093-f1041587cd04';
const base = await baseUrl('messente');
const given = await credentials('messente');

/** The SDK's calls, as promises. */
function client(instead = {}, headers = {}) {
  const api = new MessenteApi.ApiClient();
  api.basePath = base;
  Object.assign(api.authentications.basicAuth, given, instead);
  api.defaultHeaders = headers;
  const messages = new MessenteApi.OmnimessageApi(api);
  const reports = new MessenteApi.DeliveryReportApi(api);
  return {
    send: promisify(messages.sendOmnimessage.bind(messages)),
    cancel: promisify(messages.cancelScheduledMessage.bind(messages)),
    report: promisify(reports.retrieveDeliveryReport.bind(reports)),
  };
}

const omnimessage = (messages, more = {}) =>
  MessenteApi.Omnimessage.constructFromObject({ to: TO, messages, ...more });
const sms = (more = {}) => MessenteApi.SMS.constructFromObject({ sender: 'MyShop', text: 'Hello', ...more });
const viber = () => MessenteApi.Viber.constructFromObject({ sender: 'MyShop', text: 'Hello' });
const whatsapp = () => {
  const text = MessenteApi.WhatsAppText.constructFromObject({ body: 'Hello', preview_url: false });
  return MessenteApi.WhatsApp.constructFromObject({ text });
};

/** The SDK's error, and the documented body in it; a code of null: the body has none. */
async function refused(what, status, code, promise) {
  const error = await rejected(what, promise);
  equal(`${what}: status`, error?.status, status);
  equal(`${what}: code`, error?.response?.body?.errors?.[0]?.code ?? null, code);
}

async function sends() {
  await control('PUT', 'settings', { messente: { extensions: true } });
  const { send, report } = client();
  const sent = await send(omnimessage([whatsapp(), viber(), sms({ validity: 10, autoconvert: 'full' })]));
  equal('send: recipient', sent.to, TO);
  equal('send: channels', sent.messages.map((each) => each.channel), ['whatsapp', 'viber', 'sms']);
  equal('send: senders', sent.messages.map((each) => each.sender).slice(1), ['MyShop', 'MyShop']);
  equal('report: nothing yet', (await report(sent.omnimessage_id)).statuses.map((each) => each.status), [null, null, null]);
  await advance('1m');
  const { statuses: after } = await report(sent.omnimessage_id);
  equal('report: delivered', after.map((each) => each.status), ['DELIVRD', null, null]);
  equal('report: err', after[0].err, 0);
  equal('report: error', after[0].error, null);
  equal('report: timestamp', after[0].timestamp.getUTCFullYear(), 2026);
  equal('report: ids', after[0].message_id, sent.messages[0].message_id);
}

async function cancels() {
  const { send, cancel, report } = client();
  const sent = await send(omnimessage([sms()], { time_to_send: new Date('2030-01-01T09:05:00Z'), priority: 'high' }));
  await cancel(sent.omnimessage_id);
  equal('cancel: status', (await report(sent.omnimessage_id)).statuses.map((each) => each.status), ['DELETED']);
  await refused('cancel twice', 404, '101', cancel(sent.omnimessage_id));
  const gone = await send(omnimessage([sms()]));
  await refused('cancel what was sent', 404, '101', cancel(gone.omnimessage_id));
}

async function refusals() {
  const { send, report } = client();
  await refused('recipient without plus', 400, '105', send(omnimessage([sms()], { to: '37255000001' })));
  await refused('no recipient', 400, '106', send(new MessenteApi.Omnimessage([sms()])));
  await refused('no messages', 400, '105', send(omnimessage([])));
  await refused('a channel twice', 400, '105', send(omnimessage([sms(), sms()])));
  await refused('ttl and validity', 400, '105', send(omnimessage([sms({ ttl: 60, validity: 1 })])));
  await refused('no text', 400, '106', send(omnimessage([new MessenteApi.SMS()])));
  await refused('unknown message', 404, '101', report(UNKNOWN));
  await refused('wrong password', 401, '103', client({ password: 'not the password' }).send(omnimessage([sms()])));
  const sent = await send(omnimessage([sms()]));
  const other = client({ username: 'somebody-else' });
  await refused('message of another account', 404, '101', other.report(sent.omnimessage_id));
}

/** Every documented error and every documented status, as the SDK shows it. */
async function catalogue() {
  for (const { key, status, code } of await errors('messente')) {
    if (key.includes('.')) continue; // Of another API than that of messages.
    const { send } = client({}, { 'X-Sim-Outcome': key });
    await refused(`error ${key}`, status, code ?? null, send(omnimessage([sms()])));
  }
  for (const { word, channels } of await statuses('messente')) {
    const { send } = client({}, { 'X-Sim-Outcome': word });
    const content = channels.includes('viber') ? viber() : sms({ validity: 10 });
    const sent = await send(omnimessage([content]));
    const seen = [];
    for (const pause of ['10s', '1h']) {
      await advance(pause);
      seen.push((await client().report(sent.omnimessage_id)).statuses[0].status);
    }
    equal(`status ${word}`, seen.includes(word), true);
  }
}

/** The SDK's calls besides messages, as promises: `call(api, method, ...)`. */
function further() {
  const api = new MessenteApi.ApiClient();
  api.basePath = base;
  Object.assign(api.authentications.basicAuth, given);
  return (name, method, ...more) => {
    const instance = new MessenteApi[name](api);
    return promisify(instance[method].bind(instance))(...more);
  };
}

async function blacklists() {
  const call = further();
  const number = MessenteApi.NumberToBlacklist.constructFromObject({ phoneNumber: TO });
  await refused('blacklist: not there', 404, '203', call('BlacklistApi', 'isBlacklisted', TO));
  await call('BlacklistApi', 'addToBlacklist', number);
  equal('blacklist: there', (await call('BlacklistApi', 'fetchBlacklist')).phoneNumbers, [TO]);
  await refused('blacklist: twice', 409, '204', call('BlacklistApi', 'addToBlacklist', number));
  const sent = await client().send(omnimessage([sms()]));
  await advance('1m');
  const { statuses: [report] } = await client().report(sent.omnimessage_id);
  equal('blacklist: rejected', [report.status, report.err], ['REJECTD', 8]);
  await call('BlacklistApi', 'deleteFromBlacklist', TO);
  await refused('blacklist: gone', 404, '203', call('BlacklistApi', 'isBlacklisted', TO));
}

async function phonebooks() {
  const call = further();
  const named = (name) => MessenteApi.GroupName.constructFromObject({ name });
  const { group } = await call('GroupsApi', 'createGroup', named('First'));
  const fields = MessenteApi.ContactFields.constructFromObject({ phoneNumber: TO, firstName: 'Anne', custom: 'blue' });
  equal('contacts: created', (await call('ContactsApi', 'createContact', fields)).contact.firstName, 'Anne');
  await refused('contacts: twice', 409, '204', call('ContactsApi', 'createContact', fields));
  await call('ContactsApi', 'addContactToGroup', group.id, TO);
  equal('groups: count', (await call('GroupsApi', 'fetchGroup', group.id)).group.contactsCount, 1);
  equal('contacts: groups', (await call('ContactsApi', 'fetchContactGroups', TO)).groups.map((each) => each.name), ['First']);
  const found = await call('ContactsApi', 'fetchContacts', { groupIds: [group.id] });
  equal('contacts: of a group', found.contacts.map((each) => each.phoneNumber), [TO]);
  const change = MessenteApi.ContactUpdateFields.constructFromObject({ lastName: 'Smith' });
  equal('contacts: changed', (await call('ContactsApi', 'updateContact', TO, change)).contact.lastName, 'Smith');
  equal('groups: renamed', (await call('GroupsApi', 'updateGroup', group.id, named('Last'))).group.name, 'Last');
  await call('ContactsApi', 'removeContactFromGroup', group.id, TO);
  await call('ContactsApi', 'deleteContact', TO);
  await refused('contacts: gone', 404, '203', call('ContactsApi', 'fetchContact', TO));
  await call('GroupsApi', 'deleteGroup', group.id);
  equal('groups: none', (await call('GroupsApi', 'fetchGroups')).groups, []);
}

async function lookups() {
  const numbers = MessenteApi.NumbersToInvestigate.constructFromObject({ numbers: ['+15005551420', TO] });
  const { result } = await further()('NumberLookupApi', 'fetchInfo', numbers);
  equal('lookup: off', result[0].status, 'OFF');
  equal('lookup: country', result[1].originalNetwork.countryName, 'Estonia');
}

async function statistics() {
  const settings = new MessenteApi.StatisticsReportSettings('2026-01-01', '2026-01-01'); // A Date would be sent with its time.
  const { reports } = await further()('StatisticsApi', 'createStatisticsReport', settings);
  equal('statistics: country', reports[0].country, 'Estonia');
}

await part(blacklists);
await part(phonebooks);
await part(lookups);
await part(sends);
await part(cancels);
await part(refusals);
await part(catalogue);
await part(statistics);
