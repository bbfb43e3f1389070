// check-dashboard.mjs DASHBOARD FOLDER: holds a Grafana dashboard against Grafana's own types, as @grafana/schema in
// FOLDER/node_modules has them: the dashboard as a whole, and of each panel the options and the custom fields of its kind.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const [dashboardFile, folder] = process.argv.slice(2);
const dashboard = JSON.parse(fs.readFileSync(dashboardFile, 'utf8'));
const types = './node_modules/@grafana/schema/dist/types/raw';
const panels = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]).filter((panel) => panel.type !== 'row');

const lines = [
  `import type { Dashboard } from '${types}/dashboard/x/types.gen';`,
  // The types name words by enums; in JSON they are the words themselves.
  'type Json<T> = T extends string ? `${T}` | T : T extends number | boolean | null | undefined ? T',
  '  : T extends (infer U)[] ? Json<U>[] : T extends object ? { [K in keyof T]: Json<T[K]> } : T;',
  `export const dashboard: Json<Dashboard> = ${JSON.stringify(dashboard)};`,
];
const kinds = new Map();
for (const panel of panels) {
  const kind = panel.type.replaceAll('-', '');
  const file = `${types}/composable/${kind}/panelcfg/x/types.gen`;
  const declared = path.join(folder, `${file}.d.ts`);
  if (!fs.existsSync(declared)) throw new Error(`panel ${panel.id}: there is no kind of panel ${panel.type}`);
  if (!kinds.has(kind)) {
    const text = fs.readFileSync(declared, 'utf8');
    const exported = ['Options', 'FieldConfig'].filter((name) => new RegExp(`export interface ${name}\\b`).test(text));
    for (const name of exported) lines.unshift(`import type { ${name} as ${kind}${name} } from '${file}';`);
    kinds.set(kind, exported);
  }
  const given = { Options: panel.options, FieldConfig: panel.fieldConfig.defaults.custom };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (kinds.get(kind).includes(name)) lines.push(`export const panel${panel.id}${name}: Partial<Json<${kind}${name}>> = ${JSON.stringify(value)};`);
    else if (name === 'FieldConfig') throw new Error(`panel ${panel.id}: ${panel.type} takes no custom fields`);
  }
}
fs.writeFileSync(path.join(folder, 'dashboard.gen.ts'), `${lines.join('\n')}\n`);
const tsc = ['node_modules/typescript/bin/tsc', '--noEmit', '--strict', '--skipLibCheck', '--moduleResolution', 'bundler', '--module', 'esnext', '--target', 'es2022'];
try {
  execFileSync(process.execPath, [...tsc, 'dashboard.gen.ts'], { cwd: folder, stdio: 'inherit' });
} catch {
  process.exit(1);
}
console.log(`${panels.length} panels`);
