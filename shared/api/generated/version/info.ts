// Generated from definitions.json by `npm run generate`: do not edit.

export interface Info {
  buildDate: string;
  compiler: string;
  emulationMajor?: string | undefined;
  emulationMinor?: string | undefined;
  gitCommit: string;
  gitTreeState: string;
  gitVersion: string;
  goVersion: string;
  major: string;
  minCompatibilityMajor?: string | undefined;
  minCompatibilityMinor?: string | undefined;
  minor: string;
  platform: string;
}
