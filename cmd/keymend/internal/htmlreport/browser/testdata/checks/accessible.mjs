// axe-core finds nothing wrong: all its rules, best practices and contrast included.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { layOut } from '../open.mjs'

export async function check(page, { axe }) {
  await layOut(page) // axe-core asks what lies behind a text
  await page.evaluate(await readFile(axe, 'utf8'))
  const { violations, incomplete, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations', 'incomplete'] }))
  assert.ok(passes.length > 0, 'axe-core judged nothing')
  const found = [...told(violations, 'violates'), ...told(incomplete, "can't be told:")]
  assert.ok(found.length === 0, found.slice(0, 20).join('\n'))
}

// told says what axe-core found. That a text of one letter could be an ornament, it says
// of every number.
function told(results, what) {
  return results.flatMap((r) => r.nodes.flatMap((n) => {
    const why = [...n.any, ...n.all, ...n.none]
    const short = why.every((c) => c.data?.messageKey === 'shortTextContent')
    return short ? [] : [`${what} ${r.id} (${r.help}): ${n.html.slice(0, 200)}\n  ${why.map((c) => c.message).join('\n  ')}`]
  }))
}
