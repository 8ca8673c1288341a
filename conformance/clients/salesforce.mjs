// Requests that Salesforce's documents show, for every client of it.

export const messenger = {
  messageKey: 'e1c35141-6e5c-4bc2-813b-60f969e52b0d',
  from: { senderType: 'messenger', senderId: '503868699681937' },
  to: { ottId: 'FBfacdb735074f7c492c0bf190fa99020' },
  message: {
    subject: 'Message Name',
    contents: [{ type: 'text', text: 'thanks for purchase' }],
    customKeys: [{ messagingType: 'RESPONSE' }],
  },
  validityPeriod: 30,
};

export const line = {
  ...messenger,
  from: { senderType: 'line', senderId: '2145435435632435' },
  to: { ottId: 'U42348yafsd8y3248yfsq8cy9088934d' },
  message: { contents: [{ type: 'text', text: 'Thanks for purchase' }], customKeys: [] },
};

export const registration = {
  ottPlatformName: 'messenger',
  ottPlatformAttributes: {
    applicationId: '1234567890',
    applicationSecret: 'application-secret',
    pageId: '908070605040',
    pageName: 'Another Page',
    pageAccessToken: 'page-access-token',
    callbackVerifyToken: 'callback-verify-token',
    endpointUrl: 'https://example.com/messenger',
    isActive: true,
  },
};

/** A copy of a body that lacks one member. */
export function withoutMember(body, name) {
  const { [name]: left, ...rest } = body;
  return rest;
}

/** A send of each channel of the Transactional Messaging API to two, of whom the second cannot have it. */
export const batches = {
  sms: [{ to: '15555550001', messageKey: 'order-1' }, { contactKey: 'no number', messageKey: 'order-2' }],
  email: [{ contactKey: 'ada', to: 'ada@example.com', messageKey: 'order-1' }, { to: 'a@example.com', messageKey: 'order-2' }],
  push: [{ contactKey: 'ada', messageKey: 'order-1' }, { messageKey: 'order-2' }],
};

/** What makes a definition of a channel. */
export const definitions = {
  sms: { content: { message: 'Hello %%FirstName%%' }, subscriptions: { shortCode: '86288', keyword: 'ORDERS' } },
  email: { content: { customerKey: 'order-email' }, subscriptions: { list: 'All Subscribers' } },
  push: { content: { customerKey: 'order-push' }, applicationId: '1bc7a7d4-6e0b-4e8c-9f0a-3d2e5b6c7a81' },
};
