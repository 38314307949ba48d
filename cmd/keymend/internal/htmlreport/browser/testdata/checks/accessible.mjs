// axe-core finds nothing wrong: all its rules, best practices and contrast included.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'

export async function check(page, { axe }) {
  await page.evaluate(await readFile(axe, 'utf8'))
  const { violations, incomplete, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations', 'incomplete'] }))
  assert.ok(passes.length > 0, 'axe-core judged nothing')
  const told = (results, what) => results.flatMap((r) => r.nodes.slice(0, 5).map((n) => `${what} ${r.id} (${r.help}): ${n.html.slice(0, 200)}\n  ${[...n.any, ...n.all, ...n.none].map((c) => c.message).join('\n  ')}`))
  const found = [...told(violations, 'violates'), ...told(incomplete, "can't be told:")]
  assert.ok(found.length === 0, found.join('\n'))
}
