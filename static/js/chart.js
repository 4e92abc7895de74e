// Puts a live chart in the place of a drawing, from the same option the server
// drew with. Loaded only when a reader asks for it.
import { init } from './echarts.js'
import { revive } from '../../app/chart/formatters.js'

const live = new WeakMap()
const swatches = ['1', '2', '3', '4', '5', '6', '7', '8']
const roles = ['text', 'muted', 'axis', 'grid', 'surface']

// toggle shows the live chart of a figure, or its drawing again.
export async function toggle(figure) {
  if (live.has(figure)) close(figure)
  else await open(figure)
}

async function open(figure) {
  const drawing = figure.querySelector('.chart-drawing')
  const button = figure.querySelector('[data-action=interactive]')
  button?.setAttribute('aria-busy', 'true')
  try {
    const answer = await fetch(figure.dataset.optionUrl, { headers: { Accept: 'application/json' }, credentials: 'same-origin' })
    if (!answer.ok) throw new Error(`status ${answer.status}`)
    const option = revive(await answer.json())
    const host = document.createElement('div')
    host.className = 'chart-live'
    host.tabIndex = -1
    host.setAttribute('role', 'group')
    host.setAttribute('aria-label', 'Interactive chart. Escape returns to the drawing.')
    host.style.height = `${Math.max(160, drawing.clientHeight)}px`
    drawing.after(host)
    drawing.hidden = true
    start(figure, host, option)
    host.focus({ preventScroll: true })
    button?.setAttribute('aria-pressed', 'true')
  } finally {
    button?.removeAttribute('aria-busy')
  }
}

function start(figure, host, option) {
  const chart = init(host, null, { renderer: 'svg' })
  const draw = () => chart.setOption(dress(option, figure), { notMerge: true })
  draw()
  const stop = new AbortController()
  const size = new ResizeObserver(() => chart.resize())
  size.observe(host)
  const look = new MutationObserver(draw)
  look.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw, stop)
  host.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape') return
    close(figure)
    figure.querySelector('[data-action=interactive]')?.focus()
  }, stop)
  live.set(figure, () => {
    stop.abort()
    size.disconnect()
    look.disconnect()
    chart.dispose()
    host.remove()
  })
}

function close(figure) {
  live.get(figure)?.()
  live.delete(figure)
  figure.querySelector('.chart-drawing').hidden = false
  figure.querySelector('[data-action=interactive]')?.setAttribute('aria-pressed', 'false')
}

const hex = (rgb) => '#' + rgb.match(/\d+/g).slice(0, 3).map((n) => Number(n).toString(16).padStart(2, '0')).join('')

// The server writes the light palette into an option; the page may be dark.
// A probe resolves each variable in both schemes.
function colours(figure) {
  const probe = document.createElement('i')
  figure.append(probe)
  const style = getComputedStyle(probe)
  const read = (name, scheme) => {
    probe.style.colorScheme = scheme
    probe.style.color = `var(--chart-${name})`
    return hex(style.color)
  }
  const here = getComputedStyle(figure).colorScheme
  const names = [...swatches, ...roles]
  const swap = new Map(names.map((name) => [read(name, 'light'), read(name, here)]))
  const palette = swatches.map((name) => read(name, here))
  const role = Object.fromEntries(roles.map((name) => [name, read(name, here)]))
  probe.remove()
  return { swap, palette, role, font: getComputedStyle(figure).fontFamily }
}

const long = (colour) => colour.toLowerCase().replace(/^#([\da-f])([\da-f])([\da-f])$/, '#$1$1$2$2$3$3')

function dress(option, figure) {
  const { swap, palette, role, font } = colours(figure)
  const repaint = (node, key) => {
    if (typeof node === 'string') return swap.get(long(node)) ?? node
    if (node === null || typeof node !== 'object') return node
    // Rows are left alone, but an item may carry a colour of its own.
    if (key === 'data' && (!Array.isArray(node) || !node.some((d) => d?.itemStyle))) return node
    if (Array.isArray(node)) return node.map((n) => repaint(n))
    return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, repaint(v, k)]))
  }
  const dressed = repaint(option)
  const type = [dressed.series].flat()[0]?.type
  const tooltip = [dressed.tooltip].flat()[0]
  const axis = (a) => a && [a].flat().map((x) => ({
    ...x,
    axisLabel: { color: role.muted, ...x.axisLabel },
    axisLine: { ...x.axisLine, lineStyle: { color: role.axis, ...x.axisLine?.lineStyle } },
    splitLine: { ...x.splitLine, lineStyle: { color: role.grid, ...x.splitLine?.lineStyle } },
  }))
  return {
    useUTC: true,
    color: palette,
    backgroundColor: 'transparent',
    ...dressed,
    textStyle: { color: role.text, ...dressed.textStyle, fontFamily: font },
    animation: !matchMedia('(prefers-reduced-motion: reduce)').matches,
    animationDuration: 250,
    ...(dressed.xAxis && { xAxis: axis(dressed.xAxis), yAxis: axis(dressed.yAxis) }),
    // An HTML tooltip would need inline styles, which the page forbids.
    tooltip: {
      trigger: type === 'line' || type === 'bar' ? 'axis' : 'item',
      ...tooltip,
      renderMode: 'richText',
      confine: true,
      backgroundColor: role.surface,
      borderColor: role.axis,
      textStyle: { color: role.text, fontFamily: font, fontSize: 13 },
    },
    ...(dressed.xAxis && !dressed.dataZoom && {
      dataZoom: [{ type: 'inside', zoomOnMouseWheel: 'shift', moveOnMouseWheel: false, moveOnMouseMove: 'shift', preventDefaultMouseMove: false }],
    }),
  }
}
