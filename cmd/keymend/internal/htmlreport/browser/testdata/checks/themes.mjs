// The page follows the reader's light or dark.
import assert from 'node:assert/strict'

export async function check(page, { scheme }) {
  const [back, text] = await page.evaluate(() => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
    const light = (colour) => {
      canvas.fillStyle = colour
      canvas.fillRect(0, 0, 1, 1)
      const [r, g, b] = canvas.getImageData(0, 0, 1, 1).data
      return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255
    }
    const painted = [document.body, document.documentElement].map((e) => getComputedStyle(e).backgroundColor).find((c) => c !== 'rgba(0, 0, 0, 0)')
    return [light(painted ?? 'Canvas'), light(getComputedStyle(document.body).color)]
  })
  const told = `the background is ${back.toFixed(2)}, the text ${text.toFixed(2)}`
  assert.ok(scheme === 'dark' ? back < 0.2 && text > 0.7 : back > 0.8 && text < 0.3, told)
}
