// The one set of chart types, drawn alike on the server and in the browser.
import { use } from 'echarts/core'
import {
  BarChart, BoxplotChart, GaugeChart, HeatmapChart, LineChart,
  PieChart, SankeyChart, ScatterChart, TreemapChart,
} from 'echarts/charts'
import {
  AriaComponent, DataZoomInsideComponent, DatasetComponent, GraphicComponent, GridComponent,
  LegendComponent, MarkAreaComponent, MarkLineComponent, MarkPointComponent, TitleComponent,
  TooltipComponent, VisualMapComponent,
} from 'echarts/components'
import { LabelLayout, LegacyGridContainLabel } from 'echarts/features'
import { SVGRenderer } from 'echarts/renderers'

use([
  BarChart, BoxplotChart, GaugeChart, HeatmapChart, LineChart,
  PieChart, SankeyChart, ScatterChart, TreemapChart,
  AriaComponent, DataZoomInsideComponent, DatasetComponent, GraphicComponent, GridComponent,
  LegendComponent, MarkAreaComponent, MarkLineComponent, MarkPointComponent, TitleComponent,
  TooltipComponent, VisualMapComponent,
  LabelLayout, LegacyGridContainLabel, SVGRenderer,
])

export * from 'echarts/core'
