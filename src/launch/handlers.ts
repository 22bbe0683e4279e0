/** Imported first, so that signals are caught before any other module is loaded. */
import { catchSignals } from '../pid1/signals.ts';

catchSignals();
