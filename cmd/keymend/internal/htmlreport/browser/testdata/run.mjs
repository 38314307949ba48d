// Looks at pages in Chromium: one JSON object a line in (a look), one a line out (its
// verdict), in the same order, until its input ends. Arguments: the folder that holds
// node_modules, and the browser's program.
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { open } from './open.mjs'

const require = createRequire(join(resolve(process.argv[2]), 'package.json'))
const browser = await require('playwright-core').chromium.launch({
  executablePath: process.argv[3],
  // No name is resolved, and letters have no coloured edges. As root, as in a container,
  // Chromium has no sandbox of its own.
  args: ['--host-resolver-rules=MAP * ~NOTFOUND', '--disable-lcd-text', '--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
})
const axe = require.resolve('axe-core/axe.min.js')

async function verdict(look) {
  const { check } = await import(`./checks/${look.check}.mjs`)
  const { page, heard, close } = await open(browser, look)
  try {
    await check(page, { ...look, axe, again: (other) => open(browser, { ...look, ...other }) })
    return { error: '', heard }
  } catch (err) {
    return { error: err.name === 'AssertionError' ? err.message : String(err.stack ?? err), heard }
  } finally {
    await close()
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  let out
  try {
    out = await verdict(JSON.parse(line))
  } catch (err) {
    out = { error: String(err?.stack ?? err), heard: [] }
  }
  process.stdout.write(JSON.stringify(out) + '\n')
}
await browser.close()
