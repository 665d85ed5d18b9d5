// The parts of ECharts that the page uses; whatever is not named here is left out of the bundle.

import { CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent, MarkLineComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { LabelLayout } from 'echarts/features';
import { SVGRenderer } from 'echarts/renderers';

use([CustomChart, LineChart, ScatterChart, GridComponent, MarkAreaComponent, MarkLineComponent, LabelLayout, SVGRenderer]);

/** SVG stays crisp on paper and at any zoom. */
export const startChart = (element) =>
  init(element, null, { renderer: 'svg', width: element.clientWidth || 600, height: element.clientHeight || 200 });

export const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';
