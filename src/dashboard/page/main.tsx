import { render } from "preact";
import { Shell } from "./shell.tsx";
import { applyTheme } from "./theme.ts";
import "uplot/dist/uPlot.min.css";
import "./style.css";

applyTheme();
render(<Shell />, document.body);
