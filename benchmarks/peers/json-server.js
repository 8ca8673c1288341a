// A database in memory: one in a file would be written anew at every send.
module.exports = () => ({ omnimessage: [] });
