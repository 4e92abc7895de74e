// Bundled for the server's own script engine, which draws charts with it.
import * as echarts from './echarts.js'
import { revive } from '../../app/chart/formatters.js'

globalThis.echarts = { ...echarts, revive }
