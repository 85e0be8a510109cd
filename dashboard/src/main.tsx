import { render } from 'preact';
import { App } from './shell/app.js';
import { applyTheme } from './shell/theme.js';
import 'uplot/dist/uPlot.min.css';
import './styles/base.css';
import './styles/shell.css';
import './styles/live.css';
import './styles/dialog.css';
import './styles/tables.css';
import './styles/figures.css';

applyTheme();
const place = document.getElementById('dashboard');
if (place !== null) render(<App />, place);
