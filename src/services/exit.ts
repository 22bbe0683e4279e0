/** How a process ended; `error`: it never began. Data, never thrown. */
export type Exit =
  | { readonly code: number }
  | { readonly signal: NodeJS.Signals }
  | { readonly error: string; readonly code: 126 | 127 };
