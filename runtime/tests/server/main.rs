//! A whole server in this process: SQLite in a folder of its own, real HTTP and SMTP on loopback.

#[cfg(test)]
mod bed;
#[cfg(test)]
mod calls;
#[cfg(test)]
mod drafts;
#[cfg(test)]
mod events;
#[cfg(test)]
mod mails;
#[cfg(test)]
mod people;
#[cfg(test)]
mod postbox;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod segment;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod switches;
