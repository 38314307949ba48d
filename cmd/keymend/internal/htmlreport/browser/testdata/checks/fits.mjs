// The page is no wider than the window, and no text of it is cut.
import assert from 'node:assert/strict'

export const check = async (page) => assert.deepEqual(await page.evaluate(outside), [])

// outside says what is wider than the window, lies outside of it, or is cut. Text for
// screen readers alone (a box of a pixel) and the link that skips, until it has the
// focus, are meant to be unseen.
export function outside() {
  const found = []
  const root = document.documentElement
  if (root.scrollWidth > innerWidth) {
    found.push(`the page is ${root.scrollWidth} wide, the window ${innerWidth}`)
  }
  const name = (e) => `${e.localName}${e.id && `#${e.id}`}${e.className && typeof e.className === 'string' ? `.${e.className}` : ''} "${e.textContent.trim().slice(0, 40)}"`
  const unseen = (e) => e.clientWidth <= 1 || e.clientHeight <= 1
  for (const e of document.body.querySelectorAll('*')) {
    const own = [...e.childNodes].filter((n) => n.nodeType === Node.TEXT_NODE && n.data.trim() !== '')
    if (own.length === 0 || e.matches('a[href^="#"]:not(:focus)') || !e.checkVisibility({ visibilityProperty: true })) {
      continue
    }
    for (const text of own) {
      const range = document.createRange()
      range.selectNodeContents(text)
      for (const box of range.getClientRects()) {
        let clip = null
        for (let up = e; up && !clip; up = up.parentElement) {
          const style = getComputedStyle(up)
          const at = up.getBoundingClientRect()
          if (style.display === 'inline' || style.overflowX === 'visible') {
            continue
          }
          if (unseen(up)) {
            clip = 'unseen'
          } else if (box.right > at.right + 1 || box.left < at.left - 1) {
            clip = `cut by ${name(up)}`
          }
        }
        if (clip && clip !== 'unseen') {
          found.push(`${name(e)} is ${clip}`)
        } else if (!clip && box.bottom > 0 && box.width > 0 && (box.right > innerWidth + 1 || box.left < -1)) {
          found.push(`${name(e)} reaches from ${Math.round(box.left)} to ${Math.round(box.right)} of ${innerWidth}`)
        }
      }
    }
  }
  return [...new Set(found)].slice(0, 20)
}
