// Menus are <details class="menu">, which open without script. This closes
// them again and lets arrow keys walk through.
export function bindMenus() {
  const open = () => document.querySelectorAll('details.menu[open]')

  document.addEventListener('click', (e) => {
    for (const menu of open()) if (!menu.contains(e.target)) menu.open = false
  })

  document.addEventListener('focusin', (e) => {
    for (const menu of open()) if (!menu.contains(e.target)) menu.open = false
  })

  document.addEventListener('keydown', (e) => {
    const menu = e.target.closest?.('details.menu')
    if (!menu) return
    if (e.key === 'Escape' && menu.open) {
      menu.open = false
      menu.querySelector('summary').focus()
    } else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      e.preventDefault()
      menu.open = true
      const items = [...menu.querySelectorAll('.menu-list :is(a, button):not([disabled])')]
      const step = e.key === 'ArrowDown' ? 1 : -1
      const at = items.indexOf(document.activeElement)
      const next = at < 0 && step < 0 ? items.length - 1 : (at + step + items.length) % items.length
      items[next]?.focus()
    }
  })
}
