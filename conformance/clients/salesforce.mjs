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
