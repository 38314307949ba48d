// No plain word is broken in two, on the screen and on paper: what has to break anywhere
// is an ARN, and it leaves its neighbours their width.
import assert from 'node:assert/strict'
import { paper } from './prints.mjs'

export async function check(page) {
  assert.deepEqual(await page.evaluate(broken), [], 'on the screen')
  await page.emulateMedia({ media: 'print' })
  await page.setViewportSize({ width: paper, height: 1000 })
  assert.deepEqual(await page.evaluate(broken), [], 'on paper')
}

// broken are the words that stand on two lines. A box of a pixel is for screen readers.
function broken() {
  const found = []
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  const range = document.createRange()
  for (let text = walk.nextNode(); text; text = walk.nextNode()) {
    const boxed = text.parentElement.closest('thead, p')
    if (!text.parentElement.checkVisibility({ visibilityProperty: true }) || boxed?.clientHeight <= 1) {
      continue
    }
    for (const word of text.data.matchAll(/(?<!\S)[A-Za-z]{2,12}(?!\S)/g)) {
      range.setStart(text, word.index)
      range.setEnd(text, word.index + word[0].length)
      if (new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size > 1) {
        found.push(`${word[0]}, of "${text.data.trim().slice(0, 40)}"`)
      }
    }
  }
  return found.slice(0, 20)
}
