// Without JavaScript all groups are there, and no control that would do nothing.
import assert from 'node:assert/strict'

export async function check(page, { again }) {
  const scripted = await again({ noScript: false })
  const all = await scripted.page.locator('tr[data-group]').count()
  await scripted.close()
  assert.equal(await page.locator('tr[data-group]:visible').count(), all)
  for (const idle of await page.locator('input:enabled, button:enabled').all()) {
    assert.ok(!await idle.isVisible(), `${await idle.evaluate((e) => e.outerHTML)} does nothing`)
  }
  const details = page.locator('details').first()
  await details.locator('summary').click()
  assert.ok(await details.locator('> :not(summary)').first().isVisible(), 'details stay closed')
}
