// data-action="theme" steps through system, light and dark. The choice is a
// cookie, so that the server writes it into the page and nothing flashes.
const order = ['system', 'light', 'dark']
const page = document.documentElement

const current = () => page.dataset.theme || 'system'

function show() {
  for (const button of document.querySelectorAll('[data-action=theme]')) {
    const name = current()
    button.dataset.state = name
    button.setAttribute('aria-label', `Colours: ${name}`)
    button.title = `Colours: ${name}`
  }
}

document.addEventListener('click', (e) => {
  const button = e.target.closest?.('[data-action=theme]')
  if (!button) return
  const next = button.value || order[(order.indexOf(current()) + 1) % order.length]
  if (next === 'system') delete page.dataset.theme
  else page.dataset.theme = next
  document.cookie = `assay_theme=${next}; Path=/; Max-Age=31536000; SameSite=Lax`
  show()
})

show()
