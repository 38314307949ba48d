// Opens a page as a look says, and hears what it should not say.
import { pathToFileURL } from 'node:url'

// contexts are those with scripts and without: to make one costs as much as to look.
const contexts = {}

async function contextOf(browser, noScript) {
  contexts[noScript] ??= await browser.newContext({ javaScriptEnabled: !noScript })
  return contexts[noScript]
}

// open returns the page, what is heard of it so far, and how to close it.
export async function open(browser, look) {
  const url = pathToFileURL(look.page).href
  const page = await (await contextOf(browser, look.noScript === true)).newPage()
  page.setDefaultTimeout(60_000) // for a page that hangs: no check waits for a time
  await page.setViewportSize({ width: look.width || 1280, height: 800 })
  // With reduced motion, what is scrolled to is there at once.
  await page.emulateMedia({ colorScheme: look.scheme || 'light', reducedMotion: 'reduce' })
  const heard = []
  const hear = (what) => heard.push(what.slice(0, 500))
  await page.route('**', (route) => (route.request().url() === url ? route.continue() : route.abort()))
  page.on('request', (request) => request.url() === url || hear(`request: ${request.url()}`))
  page.on('websocket', (socket) => hear(`request: ${socket.url()}`))
  page.on('console', (message) => hear(`console ${message.type()}: ${message.text()}`))
  page.on('pageerror', (err) => hear(`error: ${err.message}`))
  page.on('dialog', (dialog) => {
    hear(`dialog: ${dialog.message()}`)
    return dialog.dismiss()
  })
  page.on('popup', (popup) => hear(`popup: ${popup.url()}`))
  page.on('download', (download) => hear(`download: ${download.url()}`))
  await page.goto(url)
  if (look.open) {
    await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true }))
  }
  return { page, heard, close: () => page.close() }
}

// layOut has all of the page laid out, also what isn't in sight.
export async function layOut(page) {
  await page.evaluate(() => {
    const all = new CSSStyleSheet()
    all.replaceSync('* { content-visibility: visible !important }')
    document.adoptedStyleSheets.push(all)
    return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  })
}
