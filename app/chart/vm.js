// The bundle keeps texts as keys of plain objects. Without this accessor a label
// "__proto__" is a key like any other, not the parent of every object.
delete Object.prototype.__proto__

// ECharts times its own measuring of characters and gives it up where the machine
// is slow, so a clock that runs would make drawings differ.
globalThis.Date = class extends Date {
  constructor(...given) {
    if (given.length) super(...given)
    else super(0)
  }
  static now() { return 0 }
}
Math.random = () => 0.5

const none = () => {}
globalThis.self = globalThis.window = globalThis
globalThis.console = { log: none, warn: none, error: none, info: none, debug: none }
globalThis.setTimeout = globalThis.setInterval = globalThis.requestAnimationFrame = () => 0
globalThis.clearTimeout = globalThis.clearInterval = globalThis.cancelAnimationFrame = none
