// Sends one call of each kind through the public library, unmodified: node send.mjs <host> <write key>
import { Analytics } from '@segment/analytics-node'

const [host, writeKey] = process.argv.slice(2)
const analytics = new Analytics({ writeKey, host, flushAt: 4 })
const userId = 'customer-17', timestamp = new Date('2026-03-01T10:00:00Z')
analytics.identify({ userId, traits: { email: 'ann@example.com', name: 'Ann' } })
analytics.track({ userId, event: 'Product Viewed', properties: { sku: 'P1', price: 12.5, tags: ['a', 'б'] }, timestamp })
analytics.page({ anonymousId: 'visitor-1', name: 'Home', properties: { path: '/' } })
analytics.screen({ anonymousId: 'visitor-1', name: 'Start' })
analytics.group({ userId, groupId: 'company-3', traits: { name: 'Example' } })
analytics.alias({ userId, previousId: 'visitor-1' })
for (let n = 0; n < 50; n++) analytics.track({ userId, event: 'Counted', properties: { n } })
await analytics.closeAndFlush({ timeout: 60000 })
