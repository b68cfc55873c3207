import { render } from "preact";
import type { ReportJson } from "../../report/report-json.ts";
import { applyTheme } from "../theme.ts";
import { Report } from "./report.tsx";
import "uplot/dist/uPlot.min.css";
import "../style.css";
import "../data/data.css";
import "../padding/padding.css";
import "./report.css";

const report: ReportJson = JSON.parse(document.getElementById("report")?.textContent ?? "null");
applyTheme();
render(<Report report={report} />, document.body);
