// Drives a server with Segment's own Node client, unchanged.
//
//   node segment.mjs URL WRITE_KEY
//
// Fails if the client reports an error or the server does not take everything.

import { Analytics } from '@segment/analytics-node';

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, flushAt: 5, maxRetries: 0 });
let failed = null;
analytics.on('error', (error) => { failed = error; });

analytics.identify({
  userId: 'u-1',
  traits: { email: 'ana@example.com', firstName: 'Ana', status: 'trial' },
  context: { timezone: 'Europe/Madrid' },
});
analytics.group({ userId: 'u-1', groupId: 'acme', traits: { name: 'Acme', plan: 'pro' } });
analytics.track({ userId: 'u-1', event: 'Form Submitted', properties: { form: 'contact' } });
analytics.page({ userId: 'u-1', name: 'Pricing', properties: { url: 'https://acme.example/pricing', path: '/pricing' } });
analytics.screen({ userId: 'u-1', name: 'Home' });
analytics.track({ anonymousId: 'anon-7', event: 'Form Submitted', properties: { form: 'newsletter' } });
analytics.alias({ userId: 'u-2', previousId: 'anon-7' });
analytics.identify({ userId: 'u-2', anonymousId: 'anon-7', traits: { email: 'bob@example.com', firstName: 'Bob' } });
await analytics.closeAndFlush({ timeout: 10_000 });
if (failed) {
  console.error(failed);
  process.exit(1);
}
console.log('sent');
