/** Takes the place of pino's worker transport in the bundle: Lintel writes its log in its own thread. */
export default class NoWorker {
  constructor() {
    throw new Error('Cannot log through a worker thread: Lintel has none');
  }
}
