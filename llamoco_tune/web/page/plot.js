(() => { "use strict"; window.trial = { offer: () => {} }; })();
