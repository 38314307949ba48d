// Opens a page as a look says, and hears what it should not say.
import { pathToFileURL } from 'node:url'

// open returns the page, what is heard of it so far, and how to close it.
export async function open(browser, look) {
  const url = pathToFileURL(look.page).href
  const context = await browser.newContext({
    colorScheme: look.scheme || 'light',
    viewport: { width: look.width || 1280, height: look.height || 800 },
    javaScriptEnabled: !look.noScript,
    reducedMotion: 'reduce', // what is scrolled to is there at once
  })
  context.setDefaultTimeout(60_000) // for a page that hangs: no check waits for a time
  const heard = []
  const hear = (what) => heard.push(what.slice(0, 500))
  await context.route('**', (route) => (route.request().url() === url ? route.continue() : route.abort()))
  const page = await context.newPage()
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
  return { page, heard, close: () => context.close() }
}

// showWhole makes the window as high as the page, with all of it laid out and painted.
export async function showWhole(page) {
  await page.evaluate(() => {
    const all = new CSSStyleSheet()
    all.replaceSync('* { content-visibility: visible !important }')
    document.adoptedStyleSheets.push(all)
  })
  const height = await page.evaluate(() => document.documentElement.scrollHeight)
  await page.setViewportSize({ ...page.viewportSize(), height })
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
}
