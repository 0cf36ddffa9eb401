export { type ImportedConfig, importConfig } from "./import-config.ts";
export { type ImportReport, type OutcomeKind, type ReportEntry, reportText } from "./report.ts";
export type { OldFileKind, SettingRow } from "./setting-row.ts";
export { OLD_SETTINGS } from "./setting-table.ts";
